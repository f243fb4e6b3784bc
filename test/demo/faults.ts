/**
 * The demo's second fleet: servers that misbehave, out of the fault lab, beside one that is well. None holds up another.
 */
import { FAULTS as LAB } from '../support/faults.ts';
import { makeKey } from '../support/pki/pki.ts';
import { scriptedTlsServer } from '../support/servers/scripted-tls.ts';
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
];

function fromLab(wanted: string): FleetMember {
  const fault = LAB.find(({ name }) => name === wanted);
  if (!fault) throw new Error(`there is no fault ${JSON.stringify(wanted)} in the lab`);
  const { name, story, start, options, expect } = fault;
  return {
    name,
    host: `${name}.shop.example`,
    story,
    start,
    ...(options === undefined ? {} : { options }),
    expect: expect === 'harmless' ? { status: 'ok', codes: [] } : { status: 'unknown', codes: [expect.code] },
  };
}

export const FAULTS: readonly FleetMember[] = [
  FLEET[0]!,
  ...SHOWN.map(fromLab),
  {
    name: 'garbage',
    host: 'garbage.shop.example',
    story: 'a certificate that is none',
    start: () => scriptedTlsServer({ certificates: [Buffer.from('This is no certificate.')], key: makeKey() }),
    expect: { status: 'critical', codes: ['chain-invalid'] },
  },
];
