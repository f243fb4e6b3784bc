/**
 * From a checked set to a version beside the one in use. Nothing that anybody reads has changed when this returns; the
 * switch itself is `live.switchTo(to)`, one rename, and back again is `live.switchTo(from)`.
 */
import type { RenewalProblem } from '../../model/renewal.ts';
import { ok, type Result } from '../../model/result.ts';
import {
  type CertificateSet,
  checkSet,
  contentsOf,
  type Expected,
  SET_FILES,
  type SetFile,
} from './certificate-set.ts';
import { LiveFolder, type VersionFiles } from './live-folder.ts';
import type { Access } from './private-file.ts';
import type { InstallProblem } from './trouble.ts';

export interface Prepared {
  readonly live: LiveFolder;
  /** The version in use; undefined where there is none. */
  readonly from: number | undefined;
  readonly to: number;
  readonly warnings: readonly RenewalProblem[];
}

const NEW_ACCESS: Readonly<Record<SetFile, Access>> = {
  key: { mode: 0o600 },
  cert: { mode: 0o644 },
  chain: { mode: 0o644 },
  fullchain: { mode: 0o644 },
};

const OTHERS = 0o007;

/** How many versions are kept, the one in use and the one before it among them. */
export const VERSIONS_KEPT = 4;

export async function prepareInstall(
  set: CertificateSet,
  path: string,
  expected: Expected,
): Promise<Result<Prepared, InstallProblem>> {
  const checked = checkSet(set, expected);
  if (!checked.ok) return checked;
  const live = await LiveFolder.open(path);
  if (!live.ok) return live;
  const from = await live.value.adopt();
  if (!from.ok) return from;
  const before = await live.value.access();
  const to = await live.value.write(filesOf(set, before));
  if (!to.ok) return to;
  const key = before.key;
  const warnings = key && (key.mode & OTHERS) !== 0 ? [openKey(path)] : [];
  return ok({ live: live.value, from: from.value, to: to.value, warnings });
}

/** Mode and owner are those that the names had; only a key is never for others. */
function filesOf(set: CertificateSet, before: Partial<Record<SetFile, Access>>): VersionFiles {
  const contents = contentsOf(set);
  const files: VersionFiles = {};
  for (const file of SET_FILES) {
    const access = before[file] ?? NEW_ACCESS[file];
    const mode = file === 'key' ? access.mode & ~OTHERS : access.mode;
    files[file] = { content: contents[file], access: { ...access, mode } };
  }
  return files;
}

function openKey(path: string): RenewalProblem {
  return {
    reason: 'key-was-open',
    detail: `the old key in ${path} could be read by everybody; the new one cannot`,
    advice: 'fix-permissions',
  };
}
