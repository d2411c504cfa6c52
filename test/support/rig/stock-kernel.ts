/** The fake distribution's kernel. A fake kernel's first line says its release; the rest of this one is weight. */
export const STOCK_RELEASE = '6.1.0-49-amd64';
export const STOCK_VERSION = '6.1.176-1';
export const STOCK_KERNEL = `release=${STOCK_RELEASE}\n${'#'.repeat(100_000)}\n`;
export const STOCK_INITRD = '#'.repeat(4_000_000);
export const STOCK_CONFIG = '# Linux/x86 6.1.176 Kernel Configuration\nCONFIG_MODULES=y\n';
