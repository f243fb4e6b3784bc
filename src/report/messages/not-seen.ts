/** Prose: nothing was seen at the target, or it failed on the way. */
import type { FailureData } from '../../model/finding.ts';
import type { FailureCode, Phase } from '../../model/observation.ts';
import type { Target } from '../../model/target.ts';
import type { Message, Messages } from './message.ts';
import { checkAgain, command, quote, shellWord } from './message.ts';

const PHASES: Readonly<Record<Phase, string>> = {
  queue: 'before its turn came',
  resolve: 'while its name was looked up',
  connect: 'while connecting',
  starttls: 'in the STARTTLS dialogue',
  handshake: 'in the TLS handshake',
  read: 'while reading',
};

/** What the stable words mean. A word that is not here is shown as it is. */
const REASONS: Readonly<Record<string, string>> = {
  refused: 'connection refused',
  reset: 'the peer reset the connection',
  unreachable: 'no route to it',
  nxdomain: 'there is no such name',
  servfail: 'the name servers failed',
  'no-address': 'the name has no address',
  'bad-name': 'that is no host name',
  'cname-loop': 'its aliases go round in a circle',
  deadline: 'no answer in time',
  interrupted: 'interrupted',
  closed: 'the peer closed the connection',
  alert: 'the peer refused with a TLS alert',
  'plaintext-answer': 'the peer answered in plain text, not TLS',
  'key-not-proven': 'the peer did not prove that it holds the private key',
  'not-tls': 'the peer does not speak TLS',
  'trust-anchors': 'the trust anchors could not be loaded',
  malformed: 'what is there is no certificate',
};

function because({ reason, detail }: FailureData): string {
  const words = REASONS[reason] ?? reason.replaceAll('-', ' ');
  return detail ? `${words} (${detail})` : words;
}

const place = (target: Target): string =>
  target.kind === 'file' ? quote(target.path) : `${target.host} port ${target.port}`;

const openssl = (target: Target): string => {
  if (target.kind === 'file') return checkAgain(target);
  const address = `${target.host.includes(':') ? `[${target.host}]` : target.host}:${target.port}`;
  const starttls = target.protocol === 'tls' ? '' : ` -starttls ${target.protocol}`;
  return command(
    `openssl s_client -connect ${shellWord(address)} -servername ${shellWord(target.servername)}${starttls}`,
  );
};

const failure = (begin: string, advise: (data: FailureData, target: Target) => string): Message<FailureCode> => ({
  describe: (data) => `${begin}: ${because(data)}.`,
  advise: (data, { target }) => advise(data, target),
});

const timeout: Message<'timeout'> = {
  describe: ({ phase, reason, detail }, { target }) => {
    const more = detail ? ` (${detail})` : '';
    if (phase !== 'queue') return `No answer in time ${PHASES[phase]} (${place(target)})${more}.`;
    const why = reason === 'interrupted' ? 'the run was interrupted' : "the run's deadline came";
    return `Not looked at: ${why} ${PHASES.queue}${more}.`;
  },
  advise: ({ phase }, { target }) =>
    phase === 'queue'
      ? `Give the run more time (--deadline) or more at once (-j), or look at it alone: ${checkAgain(target)}`
      : `See whether the host hangs or a firewall drops packets; look again with more patience: ${checkAgain(target, ' -t 30s')}`,
};

export const notSeenMessages: Messages<FailureCode> = {
  'resolve-failed': failure('The name could not be resolved', (_, target) =>
    target.kind === 'file'
      ? checkAgain(target)
      : `Check the spelling and the DNS: ${command(`dig ${shellWord(target.settings.connectTo?.host ?? target.host)}`)}; if the host is gone, take it off the list.`,
  ),
  'connect-failed': failure('No connection', ({ reason }, target) =>
    reason === 'refused'
      ? `Nothing listens on ${place(target)}: start the service, or correct the port.`
      : `Check that the host is up and the way to ${place(target)} is open from here.`,
  ),
  'starttls-failed': failure('STARTTLS failed', (_, target) => `See what the server says: ${openssl(target)}`),
  'handshake-failed': failure('The TLS handshake failed', ({ reason }, target) =>
    reason === 'plaintext-answer'
      ? 'The port speaks a plain protocol: name its STARTTLS (smtp://, imap://, pop3://) or the right port.'
      : reason === 'key-not-proven'
        ? 'Certificate and private key do not belong together: install them as a pair, and reload the server.'
        : `See what the server says: ${openssl(target)}`,
  ),
  'read-failed': failure('It could not be read', ({ reason }, target) =>
    reason === 'trust-anchors'
      ? 'Correct `--ca-file` or `--trust`.'
      : target.kind === 'file'
        ? `Check the path and its permissions: ${command(`ls -l ${shellWord(target.path)}`)}`
        : 'Check the path, its permissions and what is in it.',
  ),
  timeout,
  'internal-error': {
    describe: (data) => `certwatch itself failed ${PHASES[data.phase]}: ${data.detail ?? data.reason}.`,
    advise: (_, { target }) => `This is a bug: please report what this prints: ${checkAgain(target, ' -v')}`,
  },
};
