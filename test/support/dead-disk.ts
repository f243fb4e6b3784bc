/**
 * A disk that is dead: whoever opens anything below a folder of that name, or makes one, never hears of it again. A real one
 * takes a network file system whose server is gone, and root; here the C library of the program is made to wait instead.
 */
import { execFileSync } from 'node:child_process';
import { tempFolder } from './temp-folder.ts';

/** A path with this word in it is on the dead disk. */
export const DEAD = 'dead-disk';

const SOURCE = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void wait_on(const char *path) {
  const char *only = getenv("DEAD_FOR");
  if (only && strcmp(only, program_invocation_short_name) != 0) return;
  if (path && strstr(path, "${DEAD}")) for (;;) pause();
}

#define OPEN(name)                                                                     \\
  int name(const char *path, int flags, ...) {                                         \\
    va_list rest;                                                                      \\
    va_start(rest, flags);                                                             \\
    mode_t mode = va_arg(rest, mode_t);                                                \\
    va_end(rest);                                                                      \\
    wait_on(path);                                                                     \\
    return ((int (*)(const char *, int, ...))dlsym(RTLD_NEXT, #name))(path, flags, mode); \\
  }
OPEN(open)
OPEN(open64)

int mkdir(const char *path, mode_t mode) {
  wait_on(path);
  return ((int (*)(const char *, mode_t))dlsym(RTLD_NEXT, "mkdir"))(path, mode);
}
`;

function hasCompiler(): boolean {
  try {
    execFileSync('cc', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    // Under CI an absent compiler is a failure.
    return process.env.CI !== undefined;
  }
}

export const canDie = hasCompiler();

export interface DeadDisk extends AsyncDisposable {
  /** For the program that is to meet it; with `DEAD_FOR`, only programs of that name do. */
  readonly env: Readonly<Record<string, string>>;
}

export async function deadDisk(): Promise<DeadDisk> {
  const folder = await tempFolder('dead-library');
  const source = await folder.write('dead.c', SOURCE);
  const library = folder.at('dead.so');
  execFileSync('cc', ['-shared', '-fPIC', '-o', library, source, '-ldl']);
  return { env: { LD_PRELOAD: library }, [Symbol.asyncDispose]: folder.remove };
}
