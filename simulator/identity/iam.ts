import { z } from 'zod';
import type { Gatekeeper } from './auth';
import { iamError } from '../refusals';
import type { Knobs } from '../knobs';
import { Stream, hex } from '../world/random';

/** An IAM user, who may log in with a password. */
export interface User {
  /** The account. */
  domain: string;
  name: string;
  password: string;
}

/** Without the password. */
export interface UserState {
  domain: string;
  name: string;
  /** Wrong passwords that still count. */
  failures: number;
  locked: boolean;
  logins: number;
}

const Login = z.object({
  auth: z.object({
    identity: z.object({
      methods: z.array(z.string()).refine((methods) => methods.includes('password'), 'password is missing'),
      password: z.object({
        user: z.object({ domain: z.object({ name: z.string() }), name: z.string(), password: z.string() }),
      }),
    }),
    scope: z
      .object({ project: z.object({ id: z.string().optional(), name: z.string().optional() }).optional() })
      .optional(),
  }),
});

/** Real tokens are several KB long, which is more than some clients expect of a header. */
const TOKEN_PIECES = 64;

const keyOf = ({ domain, name }: Pick<User, 'domain' | 'name'>): string => JSON.stringify([domain, name]);

/** Who may log in, and what they got (docs/cloud-api.md §5.1). */
export class Iam {
  private readonly failures = new Map<string, { at: number[]; lockedUntil: number }>();
  private readonly logins = new Map<string, number>();
  private issued = 0;

  constructor(
    private readonly seed: number,
    private readonly users: User[],
    private readonly place: { projectId: string; otherProjects: readonly string[]; region: string },
    private readonly gatekeeper: Gatekeeper,
    private readonly knobs: () => Knobs,
  ) {
    for (const { password } of users) gatekeeper.secrets.add(password);
  }

  /** Throws IAM's answer when nobody is to be let in. */
  login(body: unknown, now: number): { token: string; expiresAt: number; projectId: string | null } {
    const parsed = Login.safeParse(body);
    if (!parsed.success) throw iamError(400, 'Request parameter is invalid.');
    const { identity, scope } = parsed.data.auth;
    const given = identity.password.user;
    const who = { domain: given.domain.name, name: given.name };
    this.checkPassword({ ...who, password: given.password }, now);
    const projectId = this.projectOf(scope?.project);
    const expiresAt = now + this.knobs().tokenSeconds * 1_000;
    const token = this.nextToken();
    this.gatekeeper.addToken({ token, expiresAt, projectId, user: keyOf(who) });
    this.logins.set(keyOf(who), (this.logins.get(keyOf(who)) ?? 0) + 1);
    return { token, expiresAt, projectId };
  }

  putUser(user: User): void {
    const at = this.users.findIndex((known) => keyOf(known) === keyOf(user));
    if (at >= 0) this.users.splice(at, 1);
    this.users.push(user);
    this.gatekeeper.secrets.add(user.password);
    this.gatekeeper.revokeOf(keyOf(user));
  }

  userStates(now: number): UserState[] {
    return this.users.map((user) => {
      const { at, lockedUntil } = this.failuresOf(user);
      return {
        domain: user.domain,
        name: user.name,
        failures: at.filter((time) => now < time + this.windowMs).length,
        locked: now < lockedUntil,
        logins: this.logins.get(keyOf(user)) ?? 0,
      };
    });
  }

  private get windowMs(): number {
    return (this.knobs().loginLock?.minutes ?? 0) * 60_000;
  }

  private failuresOf(user: Pick<User, 'domain' | 'name'>): { at: number[]; lockedUntil: number } {
    return this.failures.get(keyOf(user)) ?? { at: [], lockedUntil: 0 };
  }

  private checkPassword(given: User, now: number): void {
    const known = this.users.find((user) => keyOf(user) === keyOf(given));
    const state = this.failuresOf(given);
    if (now < state.lockedUntil) throw iamError(401, 'The account is locked.');
    if (known?.password === given.password) {
      this.failures.delete(keyOf(given));
      return;
    }
    const lock = this.knobs().loginLock;
    const at = [...state.at.filter((time) => now < time + this.windowMs), now];
    const locks = lock !== null && at.length >= lock.failures;
    if (known) {
      this.failures.set(
        keyOf(given),
        locks ? { at: [], lockedUntil: now + this.windowMs } : { ...state, at },
      );
    }
    throw iamError(401, 'The username or password is wrong.');
  }

  /** By id or by name, which is the region's; another project is one that the user may not enter. */
  private projectOf(
    project: { id?: string | undefined; name?: string | undefined } | undefined,
  ): string | null {
    const { projectId, otherProjects, region } = this.place;
    if (project === undefined) return null;
    if (project.id === projectId || (project.id === undefined && project.name === region)) return projectId;
    if (project.id !== undefined && otherProjects.includes(project.id)) return project.id;
    throw iamError(401, 'The request you have made requires authentication.');
  }

  private nextToken(): string {
    const n = this.issued++;
    return `MII${Array.from({ length: TOKEN_PIECES }, (_, i) => hex(this.seed, Stream.token, n * TOKEN_PIECES + i)).join('')}`;
  }
}
