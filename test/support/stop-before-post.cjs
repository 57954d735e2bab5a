/**
 * Loaded into a worker by `--require`: the process stops itself right before it sends a deletion, when it has asked all that it
 * asks, once for each time that the file `STOP_BEFORE_POST` is there. It tells its pid in a file beside it, and the test lets it go on.
 */
'use strict';
const { rmSync, writeFileSync } = require('node:fs');
const process = require('node:process');
const { Agent } = require('undici');

const file = process.env.STOP_BEFORE_POST;
const { dispatch } = Agent.prototype;

Agent.prototype.dispatch = function (options, handler) {
  if (options.method === 'POST' && options.path.includes('/nics/delete') && isAsked()) {
    writeFileSync(`${file}.pid`, String(process.pid));
    process.kill(process.pid, 'SIGSTOP');
  }
  return dispatch.call(this, options, handler);
};

function isAsked() {
  try {
    rmSync(file);
    return true;
  } catch {
    return false;
  }
}
