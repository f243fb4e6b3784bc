/**
 * The demo's second fleet: servers that misbehave, out of the fault lab, beside one that is well. None holds up another.
 */
import { isWaitedFor } from '../support/faults/fault.ts';
import { FAULTS as LAB } from '../support/faults/lab.ts';
import { FLEET, type FleetMember } from './fleet.ts';

const SHOWN = [
  'dropped',
  'refused',
  'reset-data',
  'silent',
  'drip',
  'warnings',
  'speaks-http',
  'smtp-no-banner',
  'smtp-endless-banner',
  'imap-injects',
  'tls13-alert',
  'tls13-huge',
  'tls12-empty-records',
  'tls13-retries',
  'tls13-forged',
  'tls13-one-byte-records',
  'no-certificate',
  'name-ansi',
  'exponent-one-ca',
  'mesh',
];

function fromLab(wanted: string): FleetMember {
  const fault = LAB.find(({ id }) => id === wanted);
  if (!fault) throw new Error(`there is no fault ${JSON.stringify(wanted)} in the lab`);
  const { id, variant, story, start, expect } = fault;
  const options = [fault.options, isWaitedFor(fault) ? 'timeout=2s' : undefined].filter(Boolean).join(' ');
  return {
    name: id,
    host: `${id}.shop.example`,
    story: variant ? `${story} (${variant})` : story,
    start: (pki) => start({ ...pki, now: pki.root.now!, alive: { port: 0 }, addNames: () => {} }),
    options,
    expect: { status: expect.status, codes: expect.says.map(({ code }) => code) },
  };
}

export const FAULTS: readonly FleetMember[] = [FLEET[0]!, ...SHOWN.map(fromLab)];
