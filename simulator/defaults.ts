/**
 * The simulator's settings by default. Keys and password are public and open nothing: the README has them, and
 * no real key looks like them.
 */
export const DEFAULTS = {
  host: '127.0.0.1',
  port: 8900,
  projectId: '0123456789abcdef0123456789abcdef',
  region: 'eu-west-101',
  ak: 'SIMULATORACCESSKEY00',
  sk: 'simulator-secret-key-that-opens-nothing',
  domain: 'simulator-domain',
  user: 'simulator-user',
  password: 'simulator-password-that-opens-nothing',
  seed: 1,
  nicsPerServer: 4,
} as const;
