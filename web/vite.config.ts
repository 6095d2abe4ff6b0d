import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';
import { budget } from './budget.ts';
import { compress } from './compress.ts';

export default defineConfig({
  plugins: [react(), tailwindcss(), budget({ first: 120_000, call: 260_000 }), compress()],
  build: {
    target: 'es2022',
    // Nothing may be inlined as a data: address: the content security policy allows 'self' only.
    assetsInlineLimit: 0,
    reportCompressedSize: true,
    // LiveKit's client alone; it is loaded while the person types.
    chunkSizeWarningLimit: 700,
    rolldownOptions: {
      output: {
        // LiveKit comes with the call, not with the first page.
        codeSplitting: {
          groups: [
            {
              name: 'livekit',
              test: /node_modules[\\/](@livekit|livekit-client|rxjs|@floating-ui|loglevel)/,
            },
            {
              name: 'react',
              test: /node_modules[\\/](react|react-dom|scheduler|zustand)[\\/]/,
              // A group takes its dependencies along: React first, or it would go with LiveKit.
              priority: 1,
            },
          ],
        },
      },
    },
  },
  server: {
    host: '127.0.0.1',
    proxy: { '/api': 'http://127.0.0.1:8000' },
  },
  test: {
    environment: 'jsdom',
    setupFiles: ['tests/setup.ts'],
    include: ['tests/**/*.test.{ts,tsx}'],
    restoreMocks: true,
    // A busy machine of two cores is slow, not wrong.
    testTimeout: 30_000,
    unstubGlobals: true,
  },
});
