from __future__ import annotations

from allauth.account import views as allauth
from django.urls import path

from accounts import views

# Of django-allauth only what the site uses; its URL names are kept, since it reverses them.
urlpatterns = [
    # /sign-in/ …
    path("sign-in/", allauth.login, name="account_login"),
    path("sign-out/", allauth.logout, name="account_logout"),
    path("password/", allauth.password_change, name="account_change_password"),
    # /people/ …
    path("people/", views.people, name="people"),
    path("people/new/", views.person_new, name="person_new"),
    # For load balancers and container health checks.
    path("healthz", views.health, name="health"),
]
