"""Twilio: text messages through its HTTP API."""

from connector_kit.connectors.twilio_sms.connector import TwilioConfig, TwilioConnector

__all__ = ["TwilioConfig", "TwilioConnector"]
