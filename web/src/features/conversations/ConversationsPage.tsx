import { usePlace } from '../../route';
import { ConversationList } from './ConversationList';
import { Reader } from './Reader';

/** What was said in calls that are over or go on: find, read, save, delete. */
export function ConversationsPage() {
  const { query } = usePlace();
  const room = query.get('room') ?? '';
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] items-start gap-5 lg:grid-cols-[minmax(0,2fr)_minmax(0,3fr)]">
      <div className={room ? 'max-lg:hidden' : ''}>
        <ConversationList chosen={room} />
      </div>
      <Reader key={room} room={room} />
    </div>
  );
}
