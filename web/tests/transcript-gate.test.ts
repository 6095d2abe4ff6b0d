import { expect, test } from 'vitest';
import { TranscriptGate } from '../src/livekit/transcriptGate';

const agent = { identity: 'agent', isAgent: true };
const person = { identity: 'ada', isAgent: false };
const words = (text: string) => new TextEncoder().encode(text);

function gate() {
  const through: string[] = [];
  const opened = new TranscriptGate((payload) => through.push(new TextDecoder().decode(payload)));
  return { opened, through };
}

test('the assistant and the server are let through, people are not', () => {
  const { opened, through } = gate();
  opened.take(words('said'), agent, 'agent');
  opened.take(words('by the server'), undefined, '');
  opened.take(words('forged'), person, 'ada');
  expect(through).toEqual(['said', 'by the server']);
});

test('who is not known yet waits, and is let through only as an assistant', () => {
  const { opened, through } = gate();
  opened.take(words('one'), undefined, 'agent');
  opened.take(words('two'), undefined, 'agent');
  opened.take(words('forged'), undefined, 'ada');
  expect(through).toEqual([]);
  opened.meet(person);
  opened.meet(agent);
  opened.meet(agent);
  expect(through).toEqual(['one', 'two']);
});

test('somebody who is never known fills no memory', () => {
  const { opened, through } = gate();
  for (let index = 0; index < 500; index += 1) opened.take(words('x'), undefined, 'agent');
  opened.meet(agent);
  expect(through.length).toBe(100);
});
