"""The pages of the shop: all are Django's own."""

from django.contrib.auth import views
from django.urls import path

urlpatterns = [
    path("forgotten/", views.PasswordResetView.as_view(), name="password_reset"),
    path("forgotten/done/", views.PasswordResetDoneView.as_view(), name="password_reset_done"),
    path("new/<uidb64>/<token>/", views.PasswordResetConfirmView.as_view(), name="password_reset_confirm"),
    path("new/done/", views.PasswordResetCompleteView.as_view(), name="password_reset_complete"),
]
