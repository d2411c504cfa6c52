import tseslint from 'typescript-eslint';

const noBareKeys = {
  property: 'generateKeyPairSync',
  message: 'Take host.ssh.generateKey: one of these keys in 256 cannot be read.',
};

export default tseslint.config(
  { ignores: ['dist/', '.cache/', 'results/', 'node_modules/', 'coverage/'] },
  {
    files: ['src/**/*.ts', 'src/report/browser/*.js', 'test/**/*.ts', 'scripts/**/*.ts', 'vitest.config.ts'],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/consistent-type-assertions': ['error', { assertionStyle: 'never' }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-misused-spread': ['error', { allow: ['string'] }],
      'no-console': 'error',
      'no-restricted-properties': ['error', noBareKeys],
      'no-restricted-syntax': [
        'error',
        {
          selector:
            "CallExpression[callee.property.name='addEventListener'] > ObjectExpression > Property[key.name='signal']",
          message:
            'Node 20 holds the remover weakly, one for each target: a garbage collection leaks the listener. Remove it by name.',
        },
      ],
    },
  },
  {
    files: ['src/**/*.ts', 'src/report/browser/*.js'],
    rules: { 'max-lines-per-function': ['error', { max: 80, skipBlankLines: true, skipComments: true }] },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/json/**'],
    rules: {
      'no-restricted-properties': [
        'error',
        noBareKeys,
        {
          object: 'JSON',
          property: 'stringify',
          message: 'Use jsonText from src/json/text.ts: JSON.stringify turns NaN and Infinity into null.',
        },
      ],
    },
  },
  { files: ['src/host/ssh/ssh.ts'], rules: { 'no-restricted-properties': 'off' } },
  // Chores talk to the person who started them.
  { files: ['scripts/**/*.ts'], rules: { 'no-console': 'off' } },
  {
    files: ['test/**/*.ts'],
    rules: {
      // Inside an expectation a thrown promise is the point.
      '@typescript-eslint/no-confusing-void-expression': 'off',
      // The parts of an options object are read, not called.
      '@typescript-eslint/unbound-method': 'off',
    },
  },
);
