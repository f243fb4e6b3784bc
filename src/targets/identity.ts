/**
 * What makes two targets the same, as text to be hashed.
 */
import type { Target, TargetSettings } from '../model/target.ts';

/** Lists share one settings object among all their plain lines. */
const spelled = new WeakMap<TargetSettings, string>();

/** What is looked at: unchanged by thresholds, names and labels. */
export function endpointIdentity(target: Target): string {
  if (target.kind === 'file') return `file\0${target.path}`;
  const { host, port, protocol, servername, settings } = target;
  const dial = settings.connectTo ? `${settings.connectTo.host}\0${settings.connectTo.port ?? ''}` : '';
  return [host, port, protocol, servername, dial, target.alpn?.join() ?? ''].join('\0');
}

/** All that could make a difference to the report: two targets with the same text are one. */
export function fullIdentity(target: Target): string {
  let settings = spelled.get(target.settings);
  if (settings === undefined) {
    const { labels, ...others } = target.settings;
    // Every settings object is made by one piece of code, so its keys stand in one order; labels come as they were given.
    settings = JSON.stringify([others, Object.entries(labels).sort()]);
    spelled.set(target.settings, settings);
  }
  const servername = target.kind === 'file' ? (target.servername ?? '') : '';
  return [endpointIdentity(target), servername, target.named ? target.name : '', settings].join('\0\0');
}
