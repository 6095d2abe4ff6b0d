import type { ReactNode } from 'react';
import { Icon, type IconName } from './Icon';

interface Props {
  kind: 'info' | 'warning' | 'danger';
  icon?: IconName;
  title?: string;
  children: ReactNode;
  action?: ReactNode;
  testId?: string;
}

const LOOKS: Record<Props['kind'], string> = {
  info: 'bg-accent-soft text-ink [&_svg]:text-accent',
  warning: 'bg-warning-soft text-ink [&_svg]:text-warning',
  danger: 'bg-danger-soft text-ink [&_svg]:text-danger',
};

/** A message that matters now. Danger interrupts a screen reader, the rest waits its turn. */
export function Notice({ kind, icon, title, children, action, testId }: Props) {
  return (
    <div
      role={kind === 'danger' ? 'alert' : 'status'}
      data-testid={testId}
      className={`flex flex-wrap items-start gap-x-3 gap-y-2 rounded-2xl p-4 ${LOOKS[kind]}`}
    >
      <Icon
        name={icon ?? (kind === 'info' ? 'info' : 'warning')}
        className="mt-0.5 size-5 shrink-0"
      />
      <div className="min-w-48 flex-1">
        {title && <p className="font-semibold">{title}</p>}
        <div className="text-sm leading-relaxed">{children}</div>
      </div>
      {action}
    </div>
  );
}
