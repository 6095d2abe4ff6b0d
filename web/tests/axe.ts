import axe from 'axe-core';
import { expect } from 'vitest';

/** Fails with the rules that the page breaks. Colours and sizes need a real browser. */
export async function expectAccessible(): Promise<void> {
  const { violations } = await axe.run(document.body, {
    rules: { 'color-contrast': { enabled: false } },
  });
  expect(violations.map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html)])).toEqual([]);
}
