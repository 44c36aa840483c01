"""Build a bot that resets passwords after a security question. Prints the ids of the bot and its alias."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from building import Builder, asks, says

bot = Builder("PasswordReset")
bot.intent(
    "ResetPassword",
    [
        "I forgot my password",
        "reset my password",
        "I need a new password",
        "my password does not work",
        "I cannot log in",
        "I am locked out of my account",
        "help me with my password",
        "change my password please",
    ],
    [
        ("EmployeeNumber", "AMAZON.Number", "What is your employee number?"),
        ("Birthplace", "AMAZON.City", "In which city were you born?"),
    ],
    dialogCodeHook={"enabled": True},
    fulfillmentCodeHook={"enabled": True},
    intentConfirmationSetting={
        "promptSpecification": asks("Thank you, [name]. Shall I reset your password?"),
        "declinationResponse": says("All right, it stays as it is."),
    },
)
bot.intent(
    "AccountStatus",
    [
        "is my account locked",
        "what is the status of my account",
        "check whether my account works",
        "tell me about my account",
    ],
    [("EmployeeNumber", "AMAZON.Number", "What is your employee number?")],
    fulfillmentCodeHook={"enabled": True},
)
bot.fallback("Sorry, I can only reset passwords and look at accounts.")
print(*bot.finish("password-reset"))
