"""Django begins before a test module imports what needs it."""

import os

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
django.setup()
