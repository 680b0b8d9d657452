"""A physical-examination centre on pycrm: packages, places, examinees and bookings."""

from __future__ import annotations

from medical_exam_center.booking import Booking, Identity, Place
from medical_exam_center.examinee import ExamineeProfile
from medical_exam_center.package import ExamPackage, PackageItem, Sex
from medical_exam_center.plugin import ExamCenter
from medical_exam_center.slot import Half, Resource, Slot

__all__ = [
    "Booking",
    "ExamCenter",
    "ExamPackage",
    "ExamineeProfile",
    "Half",
    "Identity",
    "PackageItem",
    "Place",
    "Resource",
    "Sex",
    "Slot",
]
