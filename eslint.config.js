import js from '@eslint/js'
import rxjs from 'eslint-plugin-rxjs-x'
import { defineConfig, globalIgnores } from 'eslint/config'
import { configs as ts } from 'typescript-eslint'

export default defineConfig(
  globalIgnores(['build/', 'coverage/', 'dist/', 'docs/']),
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,

  {
    files: ['**/*.ts'],
    extends: [ts.strictTypeChecked, rxjs.configs.strict],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/array-type': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off', // It forbids to see in a Duplex the Socket that it is.
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      'no-restricted-syntax': ['error', { selector: 'ExportDefaultDeclaration', message: 'Named exports only.' }],
      'rxjs-x/no-ignored-error': 'off', // A timer has none, and elsewhere RxJS itself reports what nobody handles.
    },
  },

  {
    files: ['src/**/*.ts'],
    rules: {
      'no-console': 'error',
      'no-restricted-globals': ['error', ...['setTimeout', 'setInterval', 'setImmediate'].map(rawTimer)],
      'no-restricted-properties': ['error', ...['Date', 'performance'].map(realClock)],
    },
  },

  {
    files: ['spec/**/*.ts', 'examples/**/*.ts', 'bench/**/*.ts'],
    rules: { 'rxjs-x/no-ignored-default-value': 'off' }, // Here an empty stream should fail the run.
  },

  {
    files: ['spec/**/*.ts'],
    rules: {
      '@typescript-eslint/no-unnecessary-type-parameters': 'off', // Type specs need them.
      '@typescript-eslint/no-unused-expressions': 'off', // chai's `expect(x).to.be.true`
    },
  },

  {
    files: ['examples/browser-chat/*.js'],
    languageOptions: { globals: { URL: false, document: false, location: false, window: false } },
  },

  {
    files: ['tools/**/*.js'],
    languageOptions: { globals: { clearTimeout: false, console: false, process: false, setTimeout: false } },
  },
)

function rawTimer(name) {
  return { name, message: "Delays come from RxJS's timer, which is virtual in tests." }
}

function realClock(object) {
  return { object, property: 'now', message: "The time comes from RxJS's clock, which is virtual in tests." }
}
