"""Settings that hold everywhere; `local`, `prod` and `test` add what differs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import django_stubs_ext
from csp.constants import NONE, SELF
from django.contrib import messages
from django.urls import reverse

from annotator.config import env

# Lets generic classes of Django (`ModelForm[User]`) be written with their parameters at run time.
django_stubs_ext.monkeypatch()

PROJECT_FOLDER = Path(__file__).resolve().parents[3]
# Everything that is not in PostgreSQL or Redis: mirrors, original files, environments, exports.
RETRACE_DATA = env.folder("RETRACE_DATA", PROJECT_FOLDER / "data")
# What may be kept of results that can be computed again: trajectories/kept.py.
RETRACE_KEPT_BYTES = env.integer("KEPT_MEGABYTES", 1024) * 1_000_000
# What built environments and cached wheels may take: validation/environments/keeping.py.
RETRACE_ENVIRONMENTS_BYTES = env.integer("ENVIRONMENTS_MEGABYTES", 20_000) * 1_000_000
# Where foreign code runs: docs/sandbox.md says what "auto" takes.
RETRACE_SANDBOX = env.choice("RETRACE_SANDBOX", ("auto", "docker", "bubblewrap"))

DEBUG = False
ROOT_URLCONF = "annotator.config.urls"
WSGI_APPLICATION = "annotator.config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "accounts",
    "trajectories",
    "validation",
    "annotator",
    "reviews",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "csp",
    "django_htmx",
    "template_partials",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "accounts.middleware.SignInMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [PROJECT_FOLDER / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

# --- people ------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "annotator:home"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = True

# --- pages -------------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
MESSAGE_LEVEL = messages.INFO
# A file larger than this goes to disk while it is received.
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
# A batch is some hundred trajectories, each a file.
DATA_UPLOAD_MAX_NUMBER_FILES = 2_000

STATIC_URL = "static/"
STATIC_ROOT = RETRACE_DATA / "static"
STATICFILES_DIRS = [PROJECT_FOLDER / "static"]
STORAGES: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": RETRACE_DATA / "files",
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    },
    "staticfiles": {"BACKEND": "annotator.config.static.StaticFilesStorage"},
}

LANGUAGE_CODE = "en"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"

# --- rooms that come later, named by string ---------------------------------------------------
# What reviewers said, for the workspace: a function from an annotation to `annotator.notes.Note`s.
ANNOTATION_NOTES = "reviews.notes.notes_for"
# What a new revision of a task does to writing: a function of the task's id and the actor.
TASK_REVISED = "annotator.services.anchoring.follow_task"
# Where anybody who may see a trajectory reads it; addresses that are copied lead there.
ABSOLUTE_URL_OVERRIDES = {
    "trajectories.trajectory": lambda trajectory: reverse(
        "validation:trajectory", args=[trajectory.pk]
    )
}

# --- jobs --------------------------------------------------------------------------------------
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ROUTES = {"validation.tasks.*": {"queue": "runs"}}
# The lease on a run is what brings an abandoned run back (within seconds); a message that is
# delivered again after this many seconds finds nothing left to claim.
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3600}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.text("LOG_LEVEL", "INFO")},
}
