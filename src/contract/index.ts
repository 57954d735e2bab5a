/** What another service imports to start, ask and steer runs of ecs-nics. No runtime dependency. */
export * from './names';
export * from './types';
export * from './duration';
export * from './input';
export * from './restore-input';
export * from './saved-result';
export * from './by-whom';
export * from './placeholders';
export * from './text';
