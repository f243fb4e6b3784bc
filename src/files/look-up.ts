/**
 * Are files and folders there? Asked by a shell of its own, which is killed when the time is up: a look at a dead network
 * disk waits for ever, and would hold up the end of this process too.
 */
import { spawn } from 'node:child_process';
import { Deadline } from '../time/deadline.ts';

export interface LookUp {
  /** A file may be a pipe, too; a program is a file that may be run. */
  readonly kind: 'file' | 'folder' | 'program';
  readonly path: string;
}

export type Seen =
  /** Or hidden from this user: another one may see more. */
  'right' | 'absent' | 'of-another-kind' | 'not-executable' | 'no-answer';

/** One word a line for each pair of arguments. What lies in a folder that this user may not enter is taken to be there. */
const SCRIPT = `
missing() {
  at=$1
  case $at in */*) ;; *) at=./$at ;; esac
  while :; do
    at=\${at%/*}
    [ -n "$at" ] || at=/
    if [ -d "$at" ]; then
      if [ -x "$at" ]; then echo absent; else echo right; fi
      return
    fi
    case $at in */*) ;; *) echo absent; return ;; esac
  done
}
while [ $# -gt 0 ]; do
  if [ ! -e "$2" ]; then missing "$2"
  elif [ "$1" = folder ]; then if [ -d "$2" ]; then echo right; else echo of-another-kind; fi
  elif [ -d "$2" ]; then echo of-another-kind
  elif [ "$1" = program ] && [ ! -x "$2" ]; then echo not-executable
  else echo right
  fi
  shift 2
done`;

/** Of one shell: the arguments of a process have a limit. */
const AT_ONCE = 200;

/** @returns what is seen of each, in order. */
export async function lookUp(list: readonly LookUp[], timeoutMs: number): Promise<Seen[]> {
  const deadline = Deadline.after(timeoutMs);
  const seen: Seen[] = [];
  for (let at = 0; at < list.length; at += AT_ONCE) {
    const part = list.slice(at, at + AT_ONCE);
    const words = deadline.expired ? [] : await ask(part, deadline);
    // The first without an answer is the one that hangs; of those behind it nothing is known.
    seen.push(...part.map((_, i): Seen => words[i] ?? (i === words.length ? 'no-answer' : 'right')));
    if (words.length < part.length) break;
  }
  deadline.release();
  return [...seen, ...list.slice(seen.length).map((): Seen => 'right')];
}

async function ask(list: readonly LookUp[], deadline: Deadline): Promise<Seen[]> {
  const args = list.flatMap(({ kind, path }) => [kind, path]);
  const child = spawn('/bin/sh', ['-c', SCRIPT, 'certwatch-look-up', ...args], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { PATH: '/usr/bin:/bin' },
  });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
    child.once('error', () => resolve());
  });
  await deadline.race(ended);
  child.kill('SIGKILL');
  // What hangs in the kernel does not even die, and is not waited for.
  child.unref();
  child.stdout.destroy();
  return text.split('\n').slice(0, -1) as Seen[];
}
