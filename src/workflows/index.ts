export { decommission } from './decommission';
export { decommissionPage } from './decommission-page';
export { deleteServerNics } from './delete-server-nics';
export { restoreServerNics } from './restore-server-nics';
export { unknownType as default } from './unknown-type';
