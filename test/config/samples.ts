/**
 * Configs that are right, for the tests of this folder.
 */

/** Every section, in the spellings that the documentation shows. */
export const DESIGN = `# what to watch
defaults: { timeout: 8s, warning: auto, ca-file: ./root.pem, labels: { env: prod, version: 1.10 } }
targets:
  - example.org
  - { host: mail.example.org, port: 25, starttls: smtp, warning: 21d, labels: { team: mail } }
  - { file: "certs/*.pem" }
lists: [ ./hosts.txt ]
state: /var/lib/certwatch            # run record, lock, journal, accounts
format: [human, json=out.json]
acme:
  directory: letsencrypt             # letsencrypt-staging, zerossl, google, or a URL
  ca-file: ./private-root.pem        # trust for the directory's own HTTPS
  account: { contact: [ admin@example.org ], agree-tos: true, eab: { kid: k, hmac-key: c2VjcmV0 } }
certificates:
  - name: www
    domains: [ example.org, www.example.org ]
    key: ec256                       # ec384, rsa2048, rsa3072, rsa4096
    challenge: { http-01: { webroot: /var/www/html } }
    live: live/www                   # privkey.pem cert.pem chain.pem fullchain.pem
    reload: [ systemctl, reload, nginx ]
    verify: [ "www.example.org:443" ]
    timeout: 5m
    acme: { profile: shortlived }
  - name: wild
    domains: [ "*.example.org" ]
    challenge: { dns-01: { present: [ ./dns, add ], cleanup: [ ./dns, remove ] } }
    live: live/wild
    environment: { API_TOKEN: hush }
  - name: upd
    domains: upd.example.org
    challenge: { dns-01: { rfc2136: { server: "192.0.2.53:53", key-file: tsig.key } } }
    live: live/upd
  - name: alpn
    domains: [ alpn.example.org ]
    challenge: { tls-alpn-01: { listen: "0.0.0.0:443" } }
    live: live/alpn
  - name: legacy                     # an existing client, under the same deadline and the same proof
    command: [ certbot, renew, --cert-name, legacy ]
    live: /etc/letsencrypt/live/legacy
    reload: { shell: "a | b" }
    verify: [ "legacy.example.org" ]
    timeout: 10m
`;
