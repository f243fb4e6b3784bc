/**
 * The words of a command in a report: read back, they lead to the very look that the report is about.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Target, TargetSettings } from '../../src/model/target.ts';
import { lookAgain } from '../../src/targets/look-again.ts';
import { parseTarget, type TargetOptions } from '../../src/targets/parse-target.ts';
import { DEFAULT_SETTINGS } from '../../src/targets/settings.ts';
import { endpointWord, options } from './arbitraries.ts';

const OPTIONS: TargetOptions = { origin: 'command line', defaults: DEFAULT_SETTINGS };

function read(text: string, options: Partial<TargetOptions> = {}): Target {
  const parsed = parseTarget(text, { ...OPTIONS, ...options });
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

const flags = (over: Partial<TargetSettings>): Partial<TargetOptions> => ({
  defaults: { ...DEFAULT_SETTINGS, ...over },
});

describe('the words', () => {
  it.each<[string, string, Partial<TargetOptions>]>([
    ['example.org', 'example.org', {}],
    ['example.org', 'example.org', flags({ timeoutMs: 5, labels: { a: 'b' }, retries: 3 })],
    ['HTTPS://Example.org/a', 'HTTPS://Example.org/a', {}],
    ['mail.example.org:25 starttls=smtp name=mx', 'mail.example.org:25 starttls=smtp name=mx', {}],
    [
      'example.org',
      'example.org connect-to=192.0.2.7:8443 trust=none "ca-file=my root.pem"',
      flags({ connectTo: { host: '192.0.2.7', port: 8443 }, trust: 'none', caFiles: ['my root.pem'] }),
    ],
    ['a.example ca-file=own.pem', 'a.example:443 ca-file=/etc/lists/own.pem', { folder: '/etc/lists' }],
    ['file:a.pem', 'file:/etc/lists/a.pem', { folder: '/etc/lists' }],
    ['file:my site.pem', 'file:my site.pem', {}],
  ])('%s → %s', (text, expected, options) => {
    expect(lookAgain(read(text, options), 'judge')).toBe(expected);
  });

  it('have the STARTTLS and the name of the command line', () => {
    const smtp = read('smtp://x.example:25');
    const target = { ...smtp, input: 'mail.example:2525', host: 'mail.example', port: 2525, servername: 'mx.example' };
    expect(lookAgain(target as Target, 'judge')).toBe('mail.example:2525 servername=mx.example starttls=smtp');
  });
});

it('to see certificates nobody has to be trusted', () => {
  const target = read('example.org', flags({ caFiles: ['root.pem'], trust: 'none', family: 6 }));
  expect(lookAgain(target, 'see')).toBe('example.org family=6');
});

it('read back, they are the same look', () => {
  fc.assert(
    fc.property(endpointWord, options, fc.boolean(), (word, said, elsewhere) => {
      const parsed = parseTarget([word, ...said].join(' '), {
        ...OPTIONS,
        ...(elsewhere ? { folder: '/elsewhere' } : {}),
      });
      if (!parsed.ok) return;
      const [target, again] = [parsed.value, read(lookAgain(parsed.value, 'judge'))];
      const look = ({ settings, ...rest }: Target) => ({
        ...rest,
        name: undefined,
        named: undefined,
        input: undefined,
        settings: [settings.connectTo, settings.family, settings.allAddresses, settings.trust, settings.caFiles],
      });
      expect(look(again)).toEqual(look(target));
    }),
  );
});
