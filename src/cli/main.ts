#!/usr/bin/env node
import process from 'node:process';
import { tolerateClosedTerminal } from '../host/closed-terminal.ts';
import { listenForSignals } from './interruption.ts';

// Before everything else is loaded, which takes a second on a busy machine: a signal must not end drydock its own way.
tolerateClosedTerminal();
const interruption = listenForSignals((line) => process.stderr.write(`${line}\n`));
const { main } = await import('./program.ts');
process.exitCode = await main(interruption);
