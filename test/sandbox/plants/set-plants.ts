/** Bugs of reads by sets, which the campaign over deletions has to catch, too. */
import type { Plant } from './plant';

// prettier-ignore
export const SET_PLANTS: readonly Plant[] = [
  {
    name: 'believes a set answer without the ports that exist for certain',
    file: 'ecs/sets/ports.ts',
    from: 'const proves = why === null && isThere && ids().length - known.length >= 2;',
    to: 'const proves = PLANTED || (why === null && isThere && ids().length - known.length >= 2);',
    caughtBy: 95,
  },
  {
    name: 'joins a call under way',
    file: 'ecs/sets/gathering.ts',
    from: '    this.#open();\n    return abortable(answer, signal);',
    to: '    if (PLANTED) {\n      const key = JSON.stringify(request);\n      const calls = (this.calls ??= new Map());\n      const joined = calls.get(key);\n      if (joined !== undefined) return this.#waiting.pop() && joined;\n      calls.set(key, answer);\n      answer.finally(() => calls.delete(key)).catch(() => undefined);\n    }\n    this.#open();\n    return abortable(answer, signal);',
    caughtBy: 'a request while a call is under way',
  },
  {
    name: 'counts a set that lags twice',
    file: 'ecs/sets/index.ts',
    from: '      return trust.ports.lost || few ? new Map() : ports.ask(request, options.signal);',
    to: '      const kept = (ports.kept ??= new Map());\n      const key = JSON.stringify(request);\n      const last = PLANTED ? kept.get(key) : undefined;\n      if (last !== undefined && clock.now() - last.at < 30_000) return last.answer;\n      const answer = trust.ports.lost || few ? new Map() : await ports.ask(request, options.signal);\n      kept.set(key, { at: clock.now(), answer });\n      return answer;',
    caughtBy: 3,
  },
  {
    name: 'answers one server with another’s entry',
    file: 'ecs/sets/servers.ts',
    from: 'take().map((id) => found.get(id.toLowerCase()));',
    to: 'take().map((id, index) => (PLANTED ? [...found.values()][index] : found.get(id.toLowerCase())));',
    caughtBy: 10,
  },
  {
    name: 'reads servers of two projects together',
    file: 'ecs/sets/index.ts',
    from: '(await servers.ask(id, options.signal)) ?? alone();',
    to: '(await (PLANTED ? (globalThis.gathering ??= servers) : servers).ask(id, options.signal)) ?? alone();',
    caughtBy: 'two projects at one moment',
  },
];
