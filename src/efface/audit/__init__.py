"""Attacks on the unlearned model, each beside a control: what can still be got out of it?"""
