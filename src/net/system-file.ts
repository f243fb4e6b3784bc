/**
 * Reads the small text files of the system that name look-ups depend on (/etc/hosts, /etc/resolv.conf) so that none of them
 * can block or flood us: opened without blocking, regular files only, up to a cap.
 */
import { constants, promises as fs } from 'node:fs';

/** Large block lists in /etc/hosts reach 10 MB; more than this is no hosts file. */
export const MOST_BYTES = 16 * 1024 * 1024;

/**
 * @returns the text, cut after `cap` bytes; empty where the file is missing, unreadable or no regular file: a system without
 * these files is a normal one, and its look-ups work by name server alone. UTF-8; other bytes come as U+FFFD.
 */
export async function readSystemFile(path: string, cap: number = MOST_BYTES): Promise<string> {
  try {
    // O_NONBLOCK: opening a FIFO would otherwise hold one of libuv's four threads for ever.
    const file = await fs.open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stat = await file.stat();
      if (!stat.isFile()) return '';
      const bytes = Buffer.alloc(Math.min(stat.size, cap));
      let filled = 0;
      while (filled < bytes.length) {
        const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return bytes.toString('utf8', 0, filled);
    } finally {
      await file.close();
    }
  } catch {
    return '';
  }
}
