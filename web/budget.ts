import { gzipSync } from 'node:zlib';
import type { Plugin, Rollup } from 'vite';

/** Bytes of gzipped script that the first page, and a call, may have. */
interface Budget {
  first: number;
  call: number;
}

/** Modules that a person without an API key never loads. */
const OPERATORS = /[\\/]features[\\/](operator[\\/]OperatorPage|host[\\/]HostTools)/;

/**
 * Fails the build when the page grows past its budget, and prints what it weighs.
 *
 * `first` is what the first page needs before it is there; `call` is that and what a call loads
 * behind it, LiveKit above all.
 */
export function budget(limits: Budget): Plugin {
  return {
    name: 'trinity-budget',
    generateBundle(_, bundle) {
      const reach = (name: string, seen: Set<string>, lazy: boolean) => {
        const chunk = bundle[name];
        if (seen.has(name) || chunk?.type !== 'chunk' || isOperators(chunk)) return;
        seen.add(name);
        chunk.imports.forEach((next) => reach(next, seen, lazy));
        if (lazy) chunk.dynamicImports.forEach((next) => reach(next, seen, lazy));
      };
      const loads = { first: new Set<string>(), call: new Set<string>() };
      for (const [name, chunk] of Object.entries(bundle)) {
        if (chunk.type !== 'chunk' || !chunk.isEntry) continue;
        reach(name, loads.first, false);
        reach(name, loads.call, true);
      }
      for (const part of ['first', 'call'] as const) {
        const bytes = [...loads[part]].reduce((sum, name) => sum + weigh(bundle[name]), 0);
        const words = `${part} load: ${(bytes / 1000).toFixed(1)} kB of script gzipped, limit ${limits[part] / 1000} kB`;
        if (bytes > limits[part]) this.error(words);
        else console.log(words);
      }
    },
  };
}

function isOperators({ facadeModuleId }: Rollup.OutputChunk): boolean {
  return facadeModuleId !== null && OPERATORS.test(facadeModuleId);
}

function weigh(part: Rollup.OutputBundle[string] | undefined): number {
  return part?.type === 'chunk' ? gzipSync(part.code, { level: 9 }).byteLength : 0;
}
