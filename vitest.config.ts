import { defineConfig } from 'vitest/config';

// Interop suites need real daemons (nginx, gnutls-serv, …): each names itself as skipped where its daemon is absent,
// except under CI, where an absent daemon is a failure.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    globalSetup: ['test/support/no-cores.ts', 'test/support/build.ts'],
    setupFiles: ['test/support/properties.ts'],
    // Most tests wait most of the time: one at a time would leave the machine idle.
    maxWorkers: '100%',
    // Real daemons on a busy machine can be late once. Whatever fails twice, fails; without CI nothing is tried again.
    retry: process.env.CI ? 1 : 0,
    // What is polled for comes for certain: on a busy machine not within vitest's own second.
    expect: { poll: { timeout: 10_000 } },
    testTimeout: 20_000,
    hookTimeout: 30_000,
    // The machine's own trust and colour settings must not leak into what tests see.
    env: { NODE_EXTRA_CA_CERTS: '', NO_COLOR: '1', TZ: 'UTC' },
  },
});
