/** What another service imports to start, ask and steer runs of ecs-nics. No runtime dependency. */
export * from './names';
export * from './types';
export * from './duration';
export type { CheckedOf, CheckedTiming, InputOf, KeepOrRestore, Option, Options, Timing } from './options';
export {
  DEFAULT_DEADLINE_MS,
  DELETE_OPTIONS,
  MAX_DEADLINE_MS,
  MAX_UNDO_WINDOW_MS,
  RESTORE_OPTIONS,
} from './options';
export * from './input';
export * from './restore-input';
export * from './saved-result';
export * from './by-whom';
export * from './placeholders';
export * from './text';
