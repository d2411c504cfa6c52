import type { ArmRecord } from '../../model/record.ts';

/** Result of a proof: holds, fails with the reason, or not checked. */
export type ProofState =
  | { readonly state: 'holds'; readonly words: string }
  | { readonly state: 'fails'; readonly words: string }
  | { readonly state: 'absent'; readonly words: string };

/** A container ran on the arm's kernel over the bridge and printed something. */
export function dockerProof({ docker, kernelRelease }: ArmRecord): ProofState {
  if (docker === undefined) return { state: 'absent', words: 'No container run was recorded.' };
  if (docker.exitCode !== 0) {
    return { state: 'fails', words: `The container exited with ${docker.exitCode} on ${kernelRelease}.` };
  }
  if (docker.stdout.trim() === '') {
    return { state: 'fails', words: `The container exited with 0 on ${kernelRelease} but printed nothing.` };
  }
  return { state: 'holds', words: `The container exited with 0 on ${kernelRelease}, ${docker.network} network.` };
}

/** Everything check-config.sh calls generally necessary is there, and the two checks agree, or why they were not compared. */
export function configProof({ configCheck }: ArmRecord): ProofState {
  if (configCheck === undefined) return { state: 'absent', words: 'The configuration was not checked.' };
  const { missingNecessary, disagreements, rows, notCompared } = configCheck;
  if (missingNecessary.length > 0) {
    return { state: 'fails', words: `Missing, though generally necessary: ${missingNecessary.join(', ')}.` };
  }
  if (disagreements.length > 0) {
    return { state: 'fails', words: `drydock and check-config.sh disagree on ${disagreements.join(', ')}.` };
  }
  const necessary = rows.filter((row) => row.section === 'necessary').length;
  const other = notCompared === undefined ? 'both checks agree' : `not compared with check-config.sh: ${notCompared}`;
  return { state: 'holds', words: `All ${necessary} generally necessary symbols are present; ${other}.` };
}

/** The guest came back with another boot id and the arm's kernel. */
export function rebootProof({ reboot, kernelRelease }: ArmRecord): ProofState {
  if (reboot === undefined) return { state: 'absent', words: 'No reboot was recorded.' };
  const { bootIdBefore, bootIdAfter, unameRelease } = reboot;
  if (bootIdBefore === bootIdAfter) {
    return { state: 'fails', words: `The boot id did not change (${bootIdAfter}): the guest never rebooted.` };
  }
  if (unameRelease !== kernelRelease) {
    return { state: 'fails', words: `The guest came back with ${unameRelease}, not ${kernelRelease}.` };
  }
  return {
    state: 'holds',
    words: `Boot id ${bootIdBefore} became ${bootIdAfter}; uname -r says ${unameRelease}.`,
  };
}
