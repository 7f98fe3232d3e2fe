"""The settings of a shop in Django, as small as one can be: accounts, and a password that is mended by mail."""

PAGES = {
    "registration/password_reset_form.html": "<form method=post>{{ form }}</form>",
    "registration/password_reset_done.html": "Look into your mailbox.",
    "registration/password_reset_confirm.html": "{% if validlink %}<form method=post>{{ form }}</form>"
    "{% else %}Too old.{% endif %}",
    "registration/password_reset_complete.html": "Welcome back.",
    "registration/password_reset_subject.txt": "Your new password",
    "registration/password_reset_email.html": "Choose one here: "
    "{{ protocol }}://{{ domain }}{% url 'password_reset_confirm' uidb64=uid token=token %}\n",
}

SECRET_KEY = "kept elsewhere in real life"
ALLOWED_HOSTS = ["shop.test"]
ROOT_URLCONF = "urls"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes"]
MIDDLEWARE = ["django.contrib.sessions.middleware.SessionMiddleware"]
SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "OPTIONS": {"loaders": [("django.template.loaders.locmem.Loader", PAGES)]},
    }
]
EMAIL_HOST = "mail.shop.test"
EMAIL_PORT = 587
EMAIL_USE_TLS = True
EMAIL_HOST_USER = "shop@shop.test"
EMAIL_HOST_PASSWORD = "secret"
DEFAULT_FROM_EMAIL = "shop@shop.test"
