/**
 * The real tools of a renewal: certwatch's own reader as the eyes, a child of this program as the ACME client.
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { createResolver } from '../../net/resolve.ts';
import { orderByAcme } from '../../renew/acme/spawn.ts';
import { createAdviser } from '../../renew/advice.ts';
import type { Tools } from '../../renew/tools.ts';
import { Looker } from '../../scan/look.ts';
import type { Deadline } from '../../time/deadline.ts';
import { ChainReader } from '../../x509/chain-reader.ts';
import { rootsFileOf } from '../installed-files.ts';
import { ACME_CHILD, type Io } from '../io.ts';
import type { RenewSettings } from './renew-settings.ts';

export function renewTools(
  { run, state }: Pick<RenewSettings, 'run' | 'state'>,
  io: Io,
  { emit, deadline }: Pick<Tools, 'emit'> & { readonly deadline: Deadline },
): Tools {
  const { host } = io.processes;
  const now = () => io.now();
  const nameServers = run.resolver ? { nameServers: run.resolver } : {};
  const kill: Tools['kill'] = (pid, signal) => io.signal(pid, signal);
  const looker = new Looker({
    resolver: createResolver(run.resolver ? { servers: run.resolver } : {}),
    chainReader: new ChainReader(),
    judgedAt: io.now(),
    runDeadline: deadline,
    interrupted: () => deadline.cutShort,
    rootsFile: rootsFileOf(io.dist),
    rootsTag: io.nodeVersion,
    ...(io.env.SSL_CERT_FILE ? { systemBundle: io.env.SSL_CERT_FILE } : {}),
  });
  return {
    now,
    state,
    env: io.env,
    kill,
    look: (target, until) => looker.look(target, until),
    order: (job, call) =>
      orderByAcme(
        { ...nameServers, ...job },
        {
          ...call,
          now,
          kill,
          execPath: io.execPath,
          entry: [join(io.dist, '..', 'bin', 'certwatch.js'), ACME_CHILD],
          env: io.env,
        },
      ),
    advise: createAdviser({ state, seed: `${host}:${state}`, now, ...nameServers }),
    emit,
    attemptId: randomUUID,
  };
}
