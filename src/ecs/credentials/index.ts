/** Sources of credentials, one in each file, and the breaker around each (docs/credentials.md). */
export { accessKeys } from './access-keys';
export { guarded } from './breaker';
export { passwordLogin } from './login';
export { serverAgency } from './metadata';
export { outcomeOf, proofsIn } from './evidence';
export type { CredentialProvider, Outcome, ProblemFacts, Refusal } from './provider';
export { CredentialProblem, Notices } from './provider';
export { authToken } from './token';
export { withheldError } from './withheld';
