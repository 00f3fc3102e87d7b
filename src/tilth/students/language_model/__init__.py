"""A language model as a student: fine-tuned on rows by LoRA, on this machine, and asked."""
