/** Prose: nothing was seen at the target, or it failed on the way. */
import type { FailureData } from '../../model/finding.ts';
import type { FailureCode, Phase } from '../../model/observation.ts';
import type { EndpointTarget, Target } from '../../model/target.ts';
import { ipVersion } from '../../x509/ip.ts';
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
  'tls-error': 'OpenSSL comes to no handshake with it either',
  malformed: 'what is there is no certificate',
  'malformed-message': 'the peer sent a malformed TLS message',
  'malformed-record': 'the peer sent a malformed TLS record',
  'unexpected-message': 'the peer sent a TLS message out of turn',
  'unsupported-version': 'the peer wants a TLS version that is not known here',
  'unsupported-cipher': 'the peer chose a cipher that is not known here',
  'unsupported-group': 'the peer wants a key exchange group that is not known here',
  'bad-record': 'what the peer sent could not be decrypted',
  'bad-finished': "the peer's Finished message is wrong",
  'bad-key-share': "the peer's key share is wrong",
  'no-certificate': 'there is no certificate',
  flood: 'the peer sent more than any handshake needs',
  'too-large': 'it is too large',
};

const meaning = ({ reason }: FailureData): string => REASONS[reason] ?? reason.replaceAll('-', ' ');

/** The details of look-ups, dials, STARTTLS dialogues and files are sentences that say it all. */
const inDetail = (data: FailureData): string => data.detail ?? meaning(data);

const inShort = (data: FailureData): string => (data.detail ? `${meaning(data)} (${data.detail})` : meaning(data));

/** Where it was really gone to: `connect-to` leads elsewhere than the name. */
const dialled = ({ host, port, settings: { connectTo } }: EndpointTarget): { host: string; port: number } => ({
  host: connectTo?.host ?? host,
  port: connectTo?.port ?? port,
});

/** @param address the one of several that it is about. */
function place(target: Target, address?: string): string {
  if (target.kind === 'file') return quote(target.path);
  const { host, port } = dialled(target);
  return `${address ?? host} port ${port}`;
}

function openssl(target: Target): string {
  if (target.kind === 'file') return checkAgain(target);
  const { host, port } = dialled(target);
  const address = shellWord(`${host.includes(':') ? `[${host}]` : host}:${port}`);
  const name = ipVersion(target.servername) ? '-noservername' : `-servername ${shellWord(target.servername)}`;
  const starttls = target.protocol === 'tls' ? '' : ` -starttls ${target.protocol}`;
  return command(`openssl s_client -connect ${address} ${name}${starttls}`);
}

const failure = (
  describe: (data: FailureData, target: Target) => string,
  advise: (data: FailureData, target: Target, address?: string) => string,
): Message<FailureCode> => ({
  describe: (data, { target }) => `${describe(data, target).replace(/[.\s]+$/, '')}.`,
  advise: (data, { target, address }) => advise(data, target, address),
});

/** Of an endpoint it is a file beside it that could not be read: what it is judged by. */
function unread(data: FailureData, target: Target): string {
  if (data.reason === 'trust-anchors') return `The trust anchors could not be loaded: ${inDetail(data)}`;
  if (target.kind === 'file') return `It could not be read: ${inDetail(data)}`;
  return `The file that it should serve could not be read: ${inDetail(data)}`;
}

function adviseUnread({ reason }: FailureData, target: Target): string {
  if (reason === 'trust-anchors') return 'Correct `--ca-file` or `--trust`.';
  const path = target.kind === 'file' ? target.path : (target.settings.expect.file ?? '');
  switch (reason) {
    case 'not-found':
    case 'no-permission':
      return `Correct the path or its permissions: ${command(`ls -l ${shellWord(path)}`)}`;
    case 'unsupported-format':
    case 'no-certificate':
    case 'malformed':
      return `Name a file with certificates in PEM, DER, PKCS#7, PKCS#12 or a Java keystore; this one is: ${command(`file ${shellWord(path)}`)}`;
    case 'password-needed':
      return 'Put the password, and nothing else, into a file that only certwatch can read, and name that: `--password-file FILE` (on a line or in the config: `password-file`).';
    case 'wrong-password':
    case 'password-file':
      return `Put the password of ${shellWord(path)}, and nothing else, into the file that \`--password-file\` names.`;
    case 'too-costly':
      return `If you made it yourself, export it again with fewer rounds; if not, do not open it: ${command(`ls -l ${shellWord(path)}`)}`;
    case 'not-a-file': {
      const inIt = `; what a directory holds is ${command(shellWord(`file:${path.replace(/\/+$/, '')}/*`))}`;
      return `See what it is: ${command(`ls -ld ${shellWord(path)}`)}${target.kind === 'file' ? inIt : ''}`;
    }
    default:
      return `See what it is: ${command(`ls -l ${shellWord(path)}`)}`;
  }
}

const timeout: Message<'timeout'> = {
  describe: ({ phase, reason, detail }, { target, address }) => {
    const more = detail ? `: ${detail}` : '';
    if (phase !== 'queue' && reason === 'interrupted')
      return `No answer yet ${PHASES[phase]} (${place(target, address)}): the run was interrupted.`;
    if (phase !== 'queue') return `No answer in time ${PHASES[phase]} (${place(target, address)})${more}.`;
    const why = reason === 'interrupted' ? 'the run was interrupted' : "the run's deadline came";
    return `Not looked at: ${why} ${PHASES.queue}${more}.`;
  },
  advise: ({ phase, reason, limit }, { target }) => {
    if (reason === 'interrupted') return `Nothing is known of it: look again: ${checkAgain(target)}`;
    if (phase === 'read') return `See whether the disk that it is on answers; look again: ${checkAgain(target)}`;
    return phase === 'queue' || limit === 'run'
      ? `Give the run more time (--deadline) or more at once (-j), or look at it alone: ${checkAgain(target)}`
      : `See whether the host hangs or a firewall drops packets; look again with more patience: ${checkAgain(target, ' -t 30s')}`;
  },
};

export const notSeenMessages: Messages<FailureCode> = {
  'resolve-failed': failure(
    (data) => `The name could not be resolved: ${inDetail(data)}`,
    ({ reason }, target) =>
      target.kind === 'file'
        ? checkAgain(target)
        : reason === 'wrong-family'
          ? 'Name it by the other kind of address, or leave out `-4` or `-6`.'
          : `Check the spelling and the DNS: ${command(`dig ${shellWord(target.settings.connectTo?.host ?? target.host)}`)}; if the host is gone, take it off the list.`,
  ),
  'connect-failed': failure(
    (data) => `No connection: ${inDetail(data)}`,
    ({ reason }, target, address) =>
      reason === 'refused'
        ? `Nothing listens on ${place(target, address)}: start the service, or correct the port.`
        : `Check that the host is up and the way to ${place(target, address)} is open from here.`,
  ),
  'starttls-failed': failure(
    (data) => `STARTTLS failed: ${inDetail(data)}`,
    (_, target) => `See what the server says: ${openssl(target)}`,
  ),
  'handshake-failed': failure(
    (data) => `The TLS handshake failed: ${inShort(data)}`,
    ({ reason }, target) => {
      if (reason === 'plaintext-answer') {
        return 'The port speaks a plain protocol: name its STARTTLS (smtp://, imap://, pop3://) or the right port.';
      }
      if (reason === 'key-not-proven') {
        return 'Certificate and private key do not belong together: install them as a pair, and reload the server.';
      }
      return `See what the server says: ${openssl(target)}`;
    },
  ),
  'read-failed': failure(unread, adviseUnread),
  timeout,
  'internal-error': {
    describe: (data) =>
      `certwatch itself failed ${PHASES[data.phase]}: ${(data.detail ?? data.reason).replace(/[.\s]+$/, '')}.`,
    advise: (_, { target }) => `This is a bug: please report what this prints: ${checkAgain(target, ' -v')}`,
  },
};
