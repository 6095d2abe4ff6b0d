import { gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';

/** Bytes of gzipped script that the first page, and the whole page, may have. */
interface Budget {
  first: number;
  whole: number;
}

/** Fails the build when the page grows past its budget, and prints what it weighs. */
export function budget(limits: Budget): Plugin {
  return {
    name: 'trinity-budget',
    generateBundle(_, bundle) {
      const weight = new Map<string, number>();
      const first = new Set<string>();
      const visit = (name: string) => {
        const chunk = bundle[name];
        if (first.has(name) || chunk?.type !== 'chunk') return;
        first.add(name);
        chunk.imports.forEach(visit);
      };
      for (const [name, chunk] of Object.entries(bundle)) {
        if (chunk.type !== 'chunk') continue;
        weight.set(name, gzipSync(chunk.code).byteLength);
        if (chunk.isEntry) visit(name);
      }
      const sum = (names: Iterable<string>) =>
        [...names].reduce((total, name) => total + (weight.get(name) ?? 0), 0);
      const measured = { first: sum(first), whole: sum(weight.keys()) };
      for (const part of ['first', 'whole'] as const) {
        const words = `${part} load: ${(measured[part] / 1000).toFixed(1)} kB of script gzipped, limit ${limits[part] / 1000} kB`;
        if (measured[part] > limits[part]) this.error(words);
        else console.log(words);
      }
    },
  };
}
