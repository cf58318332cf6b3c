"""What can be done to reminders: setting rules, acknowledging, and giving failed ones another chance."""

from collab.reminders.service.acknowledging import Reminded, acknowledge, note_progress
from collab.reminders.service.queue import send_again, send_all_again, switch_job
from collab.reminders.service.rules import (
    DEFAULT_RULES,
    RuleFacts,
    add_rule,
    change_rule,
    install_default_rules,
    set_override,
    switch_rule,
)

__all__ = [
    "DEFAULT_RULES",
    "Reminded",
    "RuleFacts",
    "acknowledge",
    "add_rule",
    "change_rule",
    "install_default_rules",
    "note_progress",
    "send_again",
    "send_all_again",
    "set_override",
    "switch_job",
    "switch_rule",
]
