import { readDuration } from '../../contract/duration';
import { quoted } from '../../contract/text';
import type { Address } from '../addresses';
import { ADDRESS_FORM, parseAddress } from '../addresses';

export type Env = Readonly<Record<string, string | undefined>>;

const QUOTED = /^(?:".*"|'.*')$/s;
/** Whoever chooses a password may choose quotes. */
const MAY_BE_QUOTED: ReadonlySet<string> = new Set(['HW_USER_PASSWORD']);

/** Of the cloud's own tools, and of OpenStack's, which it also speaks. */
const FAMILIES = /^(HW|HUAWEICLOUD|OS)_/;

/** Reads variables of the environment. Collects all problems instead of stopping at the first. */
export class EnvReader {
  readonly problems: string[] = [];
  readonly #asked = new Set<string>();

  constructor(readonly env: Env) {}

  /** Name and value of the first variable that is set; an empty one counts as not set. */
  first(names: readonly string[]): [name: string, value: string | undefined] {
    for (const name of names) this.#asked.add(name);
    for (const name of names) {
      const value = this.env[name]?.trim();
      if (!value) continue;
      // Docker's and systemd's files of variables take quotes as a part of the value, a shell does not.
      if (QUOTED.test(value) && !MAY_BE_QUOTED.has(name)) this.#suspect(name);
      return [name, value];
    }
    return [names[0] ?? '', undefined];
  }

  #suspect(name: string): void {
    const problem = `${name}: the value stands in quotes; write it without them`;
    if (!this.problems.includes(problem)) this.problems.push(problem);
  }

  /** Variables of families that are read here, which are set and have not been asked for: somebody may rely on them. */
  unread(): string[] {
    const isSet = (name: string) => this.env[name]?.trim() && FAMILIES.test(name) && !this.#asked.has(name);
    return Object.keys(this.env).filter(isSet).sort();
  }

  required(names: readonly string[], what: string, pattern: RegExp): string {
    const [name, value] = this.first(names);
    if (value === undefined) this.problems.push(`${names.join(' or ')} is missing: ${what}`);
    else if (!pattern.test(value)) this.problems.push(`${name}: not usable as ${what}`);
    else return value;
    return '';
  }

  number(name: string, whenAbsent: number, min: number, max: number): number {
    const [, value] = this.first([name]);
    if (value === undefined) return whenAbsent;
    const number = Number(value);
    if (Number.isFinite(number) && number >= min && number <= max) return number;
    this.problems.push(`${name}: ${quoted(value)} is not a number from ${min} to ${max}`);
    return whenAbsent;
  }

  duration(name: string, whenAbsent: number, max: number): number {
    const [, value] = this.first([name]);
    if (value === undefined) return whenAbsent;
    const ms = readDuration(value, { max });
    if (typeof ms === 'number') return ms;
    this.problems.push(`${name}: ${ms.problem}`);
    return whenAbsent;
  }

  /** `null`: turned off. */
  address(name: string, whenAbsent: Address): Address | null {
    const [, value] = this.first([name]);
    if (value === undefined) return whenAbsent;
    if (value.toLowerCase() === 'off') return null;
    const address = parseAddress(value);
    if (address !== undefined) return address;
    this.problems.push(`${name}: ${quoted(value)} is not an address: give ${ADDRESS_FORM}, or off`);
    // The worker does not listen after a problem. A default address could cause a second problem that is not real.
    return null;
  }

  /** Below which the hosts of the cloud live. */
  domain(name: string, whenAbsent: string): string {
    const [, value] = this.first([name]);
    if (value === undefined) return whenAbsent;
    if (/^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/i.test(value)) return value.toLowerCase();
    this.problems.push(`${name}: ${quoted(value)} is not a domain such as ${whenAbsent}`);
    return whenAbsent;
  }

  oneOf<T extends string>(name: string, allowed: readonly T[], whenAbsent: T): T {
    const [, value] = this.first([name]);
    if (value === undefined) return whenAbsent;
    const found = allowed.find((candidate) => candidate === value);
    if (found === undefined) this.problems.push(`${name}: must be one of ${allowed.join(', ')}`);
    return found ?? whenAbsent;
  }

  /**
   * Over plain http credentials would travel in the clear: allowed only to this machine, or if the operator allows it
   * explicitly.
   * @param only `loopback`: no other machine at all may answer in its place
   */
  endpoint(name: string, whenAbsent: string, only?: 'loopback'): string {
    const [, value] = this.first([name]);
    if (value === undefined) return whenAbsent;
    let url: URL;
    try {
      url = new URL(value);
    } catch {
      this.problems.push(`${name}: not a URL such as ${whenAbsent}`);
      return whenAbsent;
    }
    const loopback =
      ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname) || /^127(\.\d{1,3}){3}$/.test(url.hostname);
    if (only === 'loopback' && !loopback) {
      this.problems.push(`${name}: only an address of this machine, such as http://127.0.0.1:8900`);
    } else if (url.protocol === 'http:' && !loopback && this.env.ECS_NICS_ALLOW_HTTP !== 'true') {
      this.problems.push(
        `${name}: plain http only to this machine; use https, or set ECS_NICS_ALLOW_HTTP=true`,
      );
    } else if (url.protocol !== 'http:' && url.protocol !== 'https:') {
      this.problems.push(`${name}: must begin with https://`);
    } else if (
      url.pathname !== '/' ||
      url.search !== '' ||
      url.hash !== '' ||
      url.username !== '' ||
      url.password !== ''
    ) {
      this.problems.push(`${name}: scheme, host and port only, nothing after them`);
    }
    return url.origin;
  }
}
