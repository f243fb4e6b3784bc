/**
 * STARTTLS against the daemons of the protocols beside mail: LDAP, FTP, XMPP, IRC, MySQL and PostgreSQL.
 */

import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { chmod, chown, mkdir } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { findProgram, startDaemon, testWith, untilListens } from '../support/acme/daemon.ts';
import { freePort } from '../support/ports.ts';
import { type TempFolder, tempFolder } from '../support/temp-folder.ts';
import { expectChain, failureAt, writeIdentity } from './starttls-read.ts';

async function folderWithIdentity(label: string): Promise<TempFolder> {
  const folder = await tempFolder(label);
  await writeIdentity(folder);
  return folder;
}

describe('slapd', () => {
  const slapd = findProgram('slapd');
  const test = testWith({ slapd });

  async function start(folder: TempFolder, tls: readonly string[]) {
    const port = await freePort();
    const configuration = [`pidfile ${folder.at('pid')}`, ...tls, 'database config'].join('\n');
    const file = await folder.write('slapd.conf', `${configuration}\n`);
    const args = ['-f', file, '-h', `ldap://127.0.0.1:${port}`, '-d', '0'];
    const daemon = await startDaemon(slapd ?? 'slapd', { args, port });
    return { port, [Symbol.asyncDispose]: () => daemon.stop() };
  }

  test('presents its chain by LDAP', async () => {
    await using folder = await folderWithIdentity('slapd');
    await using running = await start(folder, [
      `TLSCertificateFile ${folder.at('chain.pem')}`,
      `TLSCertificateKeyFile ${folder.at('key.pem')}`,
    ]);
    await expectChain(running.port, 'ldap');
  });

  test('does not offer StartTLS where it has no TLS', async () => {
    await using folder = await folderWithIdentity('slapd');
    await using running = await start(folder, []);
    expect(['not-offered', 'try-later']).toContain((await failureAt(running.port, 'ldap')).reason);
  });
});

describe('vsftpd', () => {
  const vsftpd = findProgram('vsftpd');
  const test = testWith({ vsftpd });

  async function start(folder: TempFolder, settings: readonly string[]) {
    const port = await freePort();
    await mkdir(folder.at('empty'));
    const configuration = [
      'listen=YES',
      'listen_address=127.0.0.1',
      `listen_port=${port}`,
      'background=NO',
      'anonymous_enable=NO',
      'local_enable=YES',
      'nopriv_user=nobody',
      'seccomp_sandbox=NO',
      ...(userInfo().uid === 0 ? [] : ['run_as_launching_user=YES']),
      `secure_chroot_dir=${folder.at('empty')}`,
      ...settings,
    ];
    const args = [await folder.write('vsftpd.conf', `${configuration.join('\n')}\n`)];
    const daemon = await startDaemon(vsftpd ?? 'vsftpd', { args, port });
    return { port, [Symbol.asyncDispose]: () => daemon.stop() };
  }

  test('presents its chain by FTP', async () => {
    await using folder = await folderWithIdentity('vsftpd');
    await using running = await start(folder, [
      'ssl_enable=YES',
      'ssl_ciphers=HIGH',
      `rsa_cert_file=${folder.at('chain.pem')}`,
      `rsa_private_key_file=${folder.at('key.pem')}`,
    ]);
    await expectChain(running.port, 'ftp');
  });

  test('does not offer AUTH TLS where it has no TLS', async () => {
    await using folder = await folderWithIdentity('vsftpd');
    await using running = await start(folder, ['ssl_enable=NO']);
    expect(await failureAt(running.port, 'ftp')).toMatchObject({ reason: 'not-offered' });
  });
});

describe('Prosody', () => {
  const prosody = findProgram('prosody');
  const test = testWith({ prosody });

  test('presents its chain by XMPP, to clients and to servers', async () => {
    await using folder = await folderWithIdentity('prosody');
    const [client, server] = [await freePort(), await freePort()];
    const file = await folder.write(
      'prosody.cfg.lua',
      `pidfile = "${folder.at('pid')}"; daemonize = false; run_as_root = true; data_path = "${folder.at('data')}"
       interfaces = { "127.0.0.1" }; c2s_ports = { ${client} }; s2s_ports = { ${server} }
       modules_enabled = { "tls", "saslauth", "dialback" }; log = { { levels = { min = "warn" }, to = "console" } }
       ssl = { key = "${folder.at('key.pem')}", certificate = "${folder.at('chain.pem')}" }
       VirtualHost "mail.shop.example"\n`,
    );
    await mkdir(folder.at('data'));
    await using _ = await startDaemon(prosody ?? 'prosody', { args: ['--config', file], port: server });
    await untilListens(client);
    await expectChain(client, 'xmpp');
    await expectChain(server, 'xmpp-server');
  });
});

describe('InspIRCd', () => {
  const inspircd = findProgram('inspircd');
  const test = testWith({ inspircd });

  async function start(folder: TempFolder, modules: readonly string[]) {
    const port = await freePort();
    const file = await folder.write(
      'inspircd.conf',
      `<server name="irc.shop.example" description="x" network="x">
       <admin name="x" nick="x" email="x@shop.example">
       <path datadir="${folder.path}" logdir="${folder.path}" runtimedir="${folder.path}">
       <pid file="${folder.at('pid')}">
       <bind address="127.0.0.1" port="${port}" type="clients">
       <connect allow="*" resolvehostnames="no" useident="no">
       ${modules.map((name) => `<module name="${name}">`).join('')}
       <sslprofile name="x" provider="gnutls" certfile="${folder.at('chain.pem')}" keyfile="${folder.at('key.pem')}">
       <gnutls starttls="yes"><starttls provider="x">\n`,
    );
    const root = userInfo().uid === 0 ? ['--runasroot'] : [];
    const args = ['--nofork', ...root, '--config', file];
    const daemon = await startDaemon(inspircd ?? 'inspircd', { args, port });
    return { port, [Symbol.asyncDispose]: () => daemon.stop() };
  }

  test('presents its chain by IRC', async () => {
    await using folder = await folderWithIdentity('inspircd');
    await using running = await start(folder, ['ssl_gnutls', 'starttls']);
    await expectChain(running.port, 'irc');
  });

  // Without the module it says nothing at all to a command that it does not know from a stranger.
  test('refuses STARTTLS where it has no TLS', async () => {
    await using folder = await folderWithIdentity('inspircd');
    await using running = await start(folder, ['starttls']);
    expect(await failureAt(running.port, 'irc')).toMatchObject({ reason: 'refused' });
  });
});

describe('MariaDB', () => {
  const mariadbd = findProgram('mariadbd');
  const test = testWith({ mariadbd });

  async function start(folder: TempFolder, settings: readonly string[]) {
    const port = await freePort();
    await mkdir(folder.at('data'));
    const args = [
      '--no-defaults',
      `--datadir=${folder.at('data')}`,
      `--socket=${folder.at('sock')}`,
      `--pid-file=${folder.at('pid')}`,
      `--port=${port}`,
      '--bind-address=127.0.0.1',
      // Nobody logs in and nothing is stored.
      '--skip-grant-tables',
      '--skip-networking=0',
      '--skip-innodb',
      '--default-storage-engine=Aria',
      `--user=${userInfo().username}`,
      ...settings,
    ];
    const daemon = await startDaemon(mariadbd ?? 'mariadbd', { args, port });
    return { port, [Symbol.asyncDispose]: () => daemon.stop() };
  }

  test('presents its chain by the MySQL protocol', async () => {
    await using folder = await folderWithIdentity('mariadb');
    await using running = await start(folder, [
      `--ssl-cert=${folder.at('chain.pem')}`,
      `--ssl-key=${folder.at('key.pem')}`,
    ]);
    await expectChain(running.port, 'mysql');
  });

  test('does not offer TLS where it has none', async () => {
    await using folder = await folderWithIdentity('mariadb');
    await using running = await start(folder, ['--skip-ssl']);
    expect(await failureAt(running.port, 'mysql')).toMatchObject({ reason: 'not-offered' });
  });
});

describe('PostgreSQL', () => {
  /** Debian keeps the server's programs out of the path, by version. */
  const programs = (() => {
    try {
      const [version] = readdirSync('/usr/lib/postgresql').sort().reverse();
      return version === undefined ? undefined : join('/usr/lib/postgresql', version, 'bin');
    } catch {
      return undefined;
    }
  })();
  const postgres = programs && findProgram(join(programs, 'postgres'));
  const test = testWith({ postgres });

  /** It will not run as root; the package has made a user for it. */
  const asItsUser = (command: string, ...args: string[]): [string, string[]] =>
    userInfo().uid === 0
      ? ['setpriv', ['--reuid=postgres', '--regid=postgres', '--clear-groups', command, ...args]]
      : [command, args];

  async function owned(folder: TempFolder, ...names: string[]): Promise<void> {
    if (userInfo().uid !== 0) return;
    const [uid, gid] = ['-u', '-g'].map((flag) => Number(execFileSync('id', [flag, 'postgres']).toString()));
    for (const name of names) await chown(folder.at(name), uid as number, gid as number);
  }

  async function start(folder: TempFolder, settings: readonly string[]) {
    const port = await freePort();
    await chmod(folder.path, 0o711);
    await mkdir(folder.at('data'));
    await owned(folder, 'data', 'key.pem', 'chain.pem');
    const data = folder.at('data');
    const options = { cwd: '/', stdio: 'pipe', env: { PATH: process.env.PATH ?? '', LC_ALL: 'C' } } as const;
    execFileSync(...asItsUser(join(programs ?? '', 'initdb'), '-D', data, '-A', 'trust', '--no-sync'), options);
    const set = [`unix_socket_directories=`, 'listen_addresses=127.0.0.1', 'fsync=off', ...settings];
    const [command, args] = asItsUser(
      postgres ?? '',
      '-D',
      data,
      '-p',
      String(port),
      ...set.flatMap((each) => ['-c', each]),
    );
    const daemon = await startDaemon(command, { args, port, cwd: '/' });
    return { port, [Symbol.asyncDispose]: () => daemon.stop() };
  }

  test('presents its chain by its own protocol', async () => {
    await using folder = await folderWithIdentity('postgres');
    await using running = await start(folder, [
      'ssl=on',
      `ssl_cert_file=${folder.at('chain.pem')}`,
      `ssl_key_file=${folder.at('key.pem')}`,
    ]);
    await expectChain(running.port, 'postgres');
  });

  test('does not offer TLS where it has none', async () => {
    await using folder = await folderWithIdentity('postgres');
    await using running = await start(folder, ['ssl=off']);
    expect(await failureAt(running.port, 'postgres')).toMatchObject({ reason: 'not-offered' });
  });
});
