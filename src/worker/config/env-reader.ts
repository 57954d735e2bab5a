import { readDuration } from '../../contract/duration';
import { TASK_QUEUE_FORM, taskQueueFrom } from '../../contract/names';
import { isThisMachine } from '../../contract/proxy';
import { invisibleIn, quoted } from '../../contract/text';
import type { Env, NamesOf, Variable, VariableName } from '../../contract/variables';
import { VARIABLES, valueOf } from '../../contract/variables';
import type { Address } from '../addresses';
import { ADDRESS_FORM, parseAddress } from '../addresses';

export type { Env } from '../../contract/variables';

const QUOTED = /^(?:".*"|'.*')$/s;

/** Of the cloud's own tools, and of OpenStack's, which it also speaks. */
const FAMILIES = /^(HW|HUAWEICLOUD|OS)_/;
const KNOWN: ReadonlySet<string> = new Set(
  Object.entries<Variable>(VARIABLES).flatMap(([name, { also = [] }]) => [name, ...also]),
);

/** Reads variables of the environment, as the table has them. Collects all problems instead of stopping at the first. */
export class EnvReader {
  readonly problems: string[] = [];

  constructor(readonly env: Env) {}

  /** The value as it stands there. */
  text(name: VariableName): string | undefined {
    return this.#first(name)[1];
  }

  #first(name: VariableName): readonly [name: string, value: string | undefined] {
    const found = valueOf(this.env, name);
    if (found === null) return [name, undefined];
    // Docker's and systemd's files of variables take quotes as a part of the value, a shell does not.
    const problem = `${found[0]}: the value stands in quotes; write it without them`;
    if (QUOTED.test(found[1]) && !('verbatim' in VARIABLES[name]) && !this.problems.includes(problem))
      this.problems.push(problem);
    return found;
  }

  /** Variables of families that are read here, which are set and not in the table: somebody may rely on them. */
  unread(): string[] {
    const isSet = (name: string) => this.env[name]?.trim() && FAMILIES.test(name) && !KNOWN.has(name);
    return Object.keys(this.env).filter(isSet).sort();
  }

  required(name: NamesOf<'required'>): string {
    const { also, what, pattern } = VARIABLES[name];
    const [found, value] = this.#first(name);
    if (value === undefined) this.problems.push(`${[name, ...also].join(' or ')} is missing: ${what}`);
    else if (!pattern.test(value)) this.problems.push(`${found}: not usable as ${what}${invisibleIn(value)}`);
    else return value;
    return '';
  }

  number(name: NamesOf<'number'>): number {
    const { min, max, default: whenAbsent } = VARIABLES[name];
    const [, value] = this.#first(name);
    if (value === undefined) return whenAbsent;
    const number = Number(value);
    if (Number.isFinite(number) && number >= min && number <= max) return number;
    this.problems.push(`${name}: ${quoted(value)} is not a number from ${min} to ${max}`);
    return whenAbsent;
  }

  /** In ms. */
  duration(name: NamesOf<'duration'>): number {
    const { max, default: whenAbsent } = VARIABLES[name];
    const ms = readDuration(this.text(name) ?? whenAbsent, { max });
    if (typeof ms === 'number') return ms;
    this.problems.push(`${name}: ${ms.problem}`);
    return new EnvReader({}).duration(name);
  }

  /** `null`: turned off. */
  address(name: NamesOf<'address'>): Address | null {
    const value = this.text(name) ?? VARIABLES[name].default;
    if (value.toLowerCase() === 'off') return null;
    const address = parseAddress(value);
    if (address !== undefined) return address;
    this.problems.push(`${name}: ${quoted(value)} is not an address: give ${ADDRESS_FORM}, or off`);
    // The worker does not listen after a problem. A default address could cause a second problem that is not real.
    return null;
  }

  /** Below which the hosts of the cloud live. */
  domain(name: NamesOf<'domain'>, whenAbsent: string): string {
    const value = this.text(name) ?? whenAbsent;
    if (/^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/i.test(value)) return value.toLowerCase();
    this.problems.push(`${name}: ${quoted(value)} is not a domain such as ${whenAbsent}`);
    return whenAbsent;
  }

  oneOf<N extends NamesOf<'choice'>>(name: N, whenAbsent: ChoiceOf<N>): ChoiceOf<N> {
    const allowed: readonly ChoiceOf<N>[] = VARIABLES[name].values;
    const value = this.text(name);
    if (value === undefined) return whenAbsent;
    const found = allowed.find((candidate) => candidate === value);
    if (found === undefined)
      this.problems.push(`${name}: must be one of ${allowed.join(', ')}${invisibleIn(value)}`);
    return found ?? whenAbsent;
  }

  queue(name: 'ECS_NICS_TASK_QUEUE'): string {
    const value = this.env[name];
    const queue = taskQueueFrom(value);
    if (queue === null) this.problems.push(`${name}: ${TASK_QUEUE_FORM}${invisibleIn(value ?? '')}`);
    return queue ?? VARIABLES[name].default;
  }

  /**
   * Over plain http credentials would travel in the clear: allowed only to this machine, or if the operator allows it
   * explicitly.
   * @param region and `domain` stand in the default
   */
  endpoint(name: NamesOf<'endpoint'>, region = '', domain = ''): string {
    const row = VARIABLES[name];
    const whenAbsent = row.default.replace('{region}', region).replace('{HW_CLOUD}', domain);
    const value = this.text(name);
    if (value === undefined) return whenAbsent;
    let url: URL;
    try {
      url = new URL(value);
    } catch {
      this.problems.push(`${name}: not a URL such as ${whenAbsent}${invisibleIn(value)}`);
      return whenAbsent;
    }
    const loopback = isThisMachine(url.hostname);
    if ('only' in row && !loopback) {
      this.problems.push(`${name}: only an address of this machine, such as http://127.0.0.1:8900`);
    } else if (url.protocol === 'http:' && !loopback && this.text('ECS_NICS_ALLOW_HTTP') !== 'true') {
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

export type ChoiceOf<N extends NamesOf<'choice'>> = (typeof VARIABLES)[N]['values'][number];
