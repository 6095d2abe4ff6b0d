import { items, request, text, type Json } from './http';

/** Somebody who answers. */
export interface Assistant {
  name: string;
  /** What people call it. */
  title: string;
  description: string;
  /** It looks at cameras and screens that are shown in the call. */
  looks: boolean;
  /** The agent that has to be dispatched, and what its job is told. */
  agentName: string;
  metadata: string;
}

/** The assistants that may be asked into a call, the default one first; needs no key. */
export async function listAssistants(): Promise<Assistant[]> {
  const reply = await request('GET', '/api/assistants');
  const agentName = text(reply.agent_name) ?? '';
  return items(reply, 'assistants')
    .filter((item) => text(item.name))
    .sort((a, b) => Number(b.is_default === true) - Number(a.is_default === true))
    .map((item) => assistant(item, agentName));
}

function assistant(item: Json, agentName: string): Assistant {
  const name = text(item.name) ?? '';
  // A file without a name for people has the one for programs.
  const title = [text(item.display_name), name].find(Boolean) ?? '';
  return {
    name,
    title: title === name ? name.charAt(0).toUpperCase() + name.slice(1) : title,
    description: text(item.description) ?? '',
    looks: item.vision === true,
    agentName,
    // Whoever answers when nothing is said needs no saying.
    metadata: item.is_default === true ? '' : JSON.stringify({ assistant: name }),
  };
}
