/** What a new rule begins with: it is right as it stands, and unproven until somebody measures it. */
export function blank(): string {
  return `id: my-rule
title: {en: What it found, zh: 发现了什么}
advice: {en: What to check first, zh: 先核查什么}
kind: radio
level: medium
category: signal
status: experimental
owner: radio
selections:
  strong: {snr_db|gte: 20}
  session: {phase: in}
condition: strong and session
samples:
  fires:
    - event: {snr_db: 30, phase: in}
  quiet:
    - event: {snr_db: 10, phase: in}
`;
}
