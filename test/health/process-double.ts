/**
 * A process table that says what a test tells it to, and the real one of the test's own process.
 */
import { hostname } from 'node:os';
import { createProcessTable, type Place, type ProcessInfo, type ProcessTable } from '../../src/health/process-table.ts';

export const realProcesses = (): ProcessTable =>
  createProcessTable({ pid: process.pid, host: hostname(), kill: (pid, signal) => void process.kill(pid, signal) });

export interface Scene {
  pid?: number;
  host?: string;
  place?: Place;
  /** Those that can be seen. */
  processes?: Partial<ProcessInfo>[];
  /** Numbers that are in use and not shown. */
  hidden?: number[];
  sinceBootMs?: number;
}

export interface ProcessDouble extends ProcessTable {
  scene: Scene;
  readonly killed: [number, string][];
}

export function processDouble(scene: Scene): ProcessDouble {
  const full = (info: Partial<ProcessInfo>): ProcessInfo => ({ pid: 0, parent: 1, group: 0, start: '1', ...info });
  const double: ProcessDouble = {
    scene,
    killed: [],
    get pid() {
      return this.scene.pid ?? 100;
    },
    get host() {
      return this.scene.host ?? 'here';
    },
    async look(pid) {
      const found = this.scene.processes?.find((info) => info.pid === pid);
      return found ? full(found) : undefined;
    },
    exists(pid) {
      return [...(this.scene.processes ?? []).map((info) => info.pid), ...(this.scene.hidden ?? [])].includes(pid);
    },
    async place() {
      return this.scene.place ?? {};
    },
    async sinceBootMs() {
      return this.scene.sinceBootMs;
    },
    async descendants() {
      return [];
    },
    kill(pid, signal) {
      this.killed.push([pid, signal]);
      return true;
    },
  };
  return double;
}
