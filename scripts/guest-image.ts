#!/usr/bin/env -S npx tsx
/**
 * Makes the guest image that end-to-end tests boot, if it is not in the cache.
 *
 *     npx tsx scripts/guest-image.ts
 */
import { tmpdir } from 'zx';
import { createHost } from '../src/host/node-host.ts';
import { requireSpace } from '../test/support/disk-setup.ts';
import { provideGuestImage } from '../test/support/guest-image.ts';

// The image takes most of what the end-to-end tests need.
await requireSpace('e2e');
await provideGuestImage(createHost(), tmpdir('drydock-guest-image'));
