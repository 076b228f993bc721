import js from '@eslint/js';
import hooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['lib/', 'node_modules/'] },
  js.configs.recommended,
  {
    files: ['src/**/*.{ts,tsx}'],
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    plugins: { 'react-hooks': hooks },
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname }
    },
    rules: {
      ...hooks.configs.recommended.rules,
      '@typescript-eslint/naming-convention': [
        'error',
        { selector: 'interface', format: ['PascalCase'], custom: { regex: '^I[A-Z]', match: true } }
      ],
      // JupyterLab's convention: a token has the name of the interface that it stands for.
      '@typescript-eslint/no-redeclare': 'off',
      // Lumino binds: `signal.connect(this.update, this)`.
      '@typescript-eslint/unbound-method': 'off',
      // Numbers read well in a template.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      curly: 'error',
      eqeqeq: 'error'
    }
  },
  {
    files: ['tests/**/*.mjs'],
    languageOptions: { globals: { process: 'readonly', setTimeout: 'readonly', URL: 'readonly' } }
  },
  { files: ['style/index.js', 'eslint.config.mjs'] }
);
