import './base.css';
import './prompts.css';
